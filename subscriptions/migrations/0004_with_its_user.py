"""In the database a subscription goes with its user in one transaction, as it does in the bot's file, where it lies in it.

Where subscriptions are still JSON's, and users the database's, an entry of the inbox has it deleted there.
"""

from django.db import migrations

from migration_control import locks

CREATE = f"""
CREATE FUNCTION switchyard_subscription_with_user() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    answers text;
BEGIN
    -- No move of subscriptions gets between the look and the deletion.
    PERFORM pg_advisory_xact_lock_shared({locks.COMPONENT}, {locks.number("subscriptions")});
    SELECT authority INTO answers FROM migration_control_componentstate WHERE name = 'subscriptions';
    IF answers = 'database' THEN
        DELETE FROM subscriptions_subscription WHERE user_id = OLD.user_id;
    ELSE
        INSERT INTO migration_control_inboxentry (component, key, once, effect, payload, attempts, trouble)
        VALUES ('subscriptions', OLD.user_id::text, 'forget:' || OLD.version, 'act:subscriptions.forget',
                OLD.user_id::text, 0, '') ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER subscription_with_user AFTER DELETE ON accounts_user FOR EACH ROW
    WHEN ((current_setting('switchyard.copying', true) = 'users:' || pg_current_xact_id()::text) IS NOT TRUE)
    EXECUTE FUNCTION switchyard_subscription_with_user();
"""
DROP = """
DROP TRIGGER subscription_with_user ON accounts_user;
DROP FUNCTION switchyard_subscription_with_user;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0003_failed_payments"),
        ("accounts", "0002_marked_duplicate"),
        ("migration_control", "0012_closing"),
    ]
    operations = [migrations.RunSQL(CREATE, DROP)]
