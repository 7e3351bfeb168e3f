"""The embedded servers: started, adopted, stopped, and where they keep their things."""

import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis
from celery import Celery

from config.connections import redis_server
from config.embedded import ServerError, Servers, database_url, redis_url
from config.embedded.place import Account, binaries, own_folder, place, reachable
from config.environment import BASE_DIR, Reader

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the servers as somebody else")


def postmaster(home: Path) -> int:
    return int((place(home).postgres / "postmaster.pid").read_text().split()[0])


def alive(pid: int) -> bool:
    """Say whether the process runs; one that has ended and was not yet collected does not."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip() != "" and "Z" not in done.stdout


def ask(url: str, statement: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
        assert row
        return str(row[0])


def test_both_answer_under_urls_known_beforehand_and_on_no_port(home: Path) -> None:
    urls = database_url(home), redis_url(home)
    with Servers(home, fsync=False) as servers:
        assert (servers.database_url, servers.redis_url) == urls
        assert ask(urls[0], "SELECT current_setting('server_version_num')::int / 10000") == "18"
        assert ask(urls[0], "SELECT current_setting('listen_addresses') = ''") == "True"
        assert ask(urls[0], "SELECT upper('ж')") == "Ж"
        with redis.Redis.from_url(urls[1]) as client:
            assert client.config_get("port") == {"port": "0"} or client.config_get("port") == {b"port": b"0"}


def test_kombu_finds_the_database_behind_the_socket(home: Path) -> None:
    with Servers(home, fsync=False):
        third = redis_url(home).replace("?db=0", "?db=3")
        server = redis_server(Reader({"REDIS_URL": third}), home)
        app = Celery("probe", broker=server.broker_url)
        with app.connection_for_write() as connection, connection.SimpleQueue("wake") as queue:
            queue.put("up")
        with redis.Redis.from_url(third) as client:
            assert client.llen("wake") == 1


def test_a_password_is_needed(home: Path) -> None:
    with Servers(home, fsync=False):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=str(place(home).sockets), user="switchyard", dbname="switchyard", password="guess")
        stranger = redis.Redis(unix_socket_path=str(place(home).sockets / "valkey.sock"))
        with stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()


def test_a_second_start_finds_the_data(home: Path) -> None:
    with Servers(home) as servers, psycopg.connect(servers.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1")
    with Servers(home):
        assert ask(database_url(home), "SELECT count(*) FROM kept") == "1"


def test_stopping_disconnects_and_leaves_no_process(home: Path) -> None:
    with Servers(home, fsync=False) as servers:
        pid = postmaster(home)
        held = psycopg.connect(servers.database_url)
    assert not alive(pid)
    with pytest.raises(psycopg.OperationalError):
        held.execute("SELECT 1")
    assert not (place(home).sockets / "valkey.sock").exists()


def test_servers_of_a_killed_owner_are_adopted(home: Path, clean: dict[str, str]) -> None:
    owner = subprocess.Popen(
        [sys.executable, "manage.py", "servers"], cwd=BASE_DIR, env=clean, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout
    while "Ctrl-C stops." not in owner.stdout.readline():
        assert owner.poll() is None
    with pytest.raises(ServerError, match=f"belong to process {owner.pid}: stop that one first"):
        Servers(home).start()
    pid = postmaster(home)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    with Servers(home):
        assert postmaster(home) == pid
        assert ask(database_url(home), "SELECT 1") == "1"
    assert not alive(pid)


def test_the_servers_command_stops_on_sigterm(home: Path, clean: dict[str, str]) -> None:
    owner = subprocess.Popen(
        [sys.executable, "manage.py", "servers"], cwd=BASE_DIR, env=clean, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout
    shown = [owner.stdout.readline()]
    while "Ctrl-C stops." not in shown[-1]:
        shown.append(owner.stdout.readline())
    pid = postmaster(home)
    owner.terminate()
    assert owner.wait(30) == 0
    owner.stdout.close()
    assert not alive(pid)
    assert (home / "secrets" / "postgres").read_text() not in "".join(shown)


def test_a_crashed_database_starts_again_over_its_stale_pid_file(home: Path) -> None:
    with Servers(home, fsync=False):
        pid = postmaster(home)
        os.kill(pid, signal.SIGKILL)
        while alive(pid):
            time.sleep(0.02)
        time.sleep(0.5)  # its children notice, and let go of the shared memory
    assert (place(home).postgres / "postmaster.pid").exists()
    with Servers(home, fsync=False):
        assert ask(database_url(home), "SELECT 1") == "1"


def test_a_first_start_that_was_cut_short_is_done_again(home: Path) -> None:
    at = place(home)
    at.prepare()
    own_folder(at.root / "postgres.draft", at.account)
    (at.root / "postgres.draft" / "half").touch()
    with Servers(home, fsync=False):
        assert ask(database_url(home), "SELECT 1") == "1"


def test_a_long_or_odd_path_puts_the_sockets_elsewhere(home: Path) -> None:
    for name in ("long" * 25, "with 'a quote, and more"):
        odd = home / name
        with Servers(odd, fsync=False) as servers:
            sockets = place(odd).sockets
            assert sockets.parent == Path("/tmp")
            assert len(bytes(sockets)) < 60
            assert ask(servers.database_url, "SELECT 1") == "1"
        assert not sockets.exists()


def test_a_folder_of_somebody_elses_making_is_refused(home: Path) -> None:
    (home / "open").mkdir(mode=0o777)
    (home / "open").chmod(0o777)
    with pytest.raises(ServerError, match="is not a private folder"):
        own_folder(home / "open", None)


def test_a_lost_secret_is_said_in_one_line(home: Path) -> None:
    with Servers(home, fsync=False):
        pass
    (home / "secrets" / "postgres").unlink()
    with pytest.raises(ServerError, match=r"refuses us.* put it back"):
        Servers(home, fsync=False).start()


@as_root
def test_root_moves_the_data_when_the_home_cannot_be_reached(home: Path) -> None:
    home.chmod(0o700)
    at = place(home)
    assert at.moved
    assert at.root.parent == Path("/var/tmp")
    with Servers(home, fsync=False) as servers:
        assert str(at.root) in servers.notice
        assert ask(servers.database_url, "SELECT 1") == "1"
        assert at.root.stat().st_mode & 0o777 == 0o700
    assert home.stat().st_mode & 0o777 == 0o700


@as_root
def test_root_starts_the_servers_as_the_owner_of_the_home_folder(home: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    os.chown(home, daemon.pw_uid, daemon.pw_gid)
    with Servers(home, fsync=False) as servers:
        assert place(home).account == Account(daemon.pw_uid, daemon.pw_gid)
        assert ask(servers.database_url, "SELECT 1") == "1"


@as_root
def test_root_copies_programs_that_the_account_cannot_reach(home: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "bin").mkdir(parents=True)
    (closed / "bin" / "true").write_bytes(Path("/bin/true").read_bytes())
    (closed / "bin" / "true").chmod(0o755)
    closed.chmod(0o700)
    at = place(home)
    at.prepare()
    assert at.account
    assert not reachable(closed, at.account)
    copy = binaries(closed, at)
    assert at.run(str(copy / "bin" / "true")).returncode == 0
    assert binaries(closed, at) == copy


def test_reachable_looks_at_every_folder_on_the_way(home: Path) -> None:
    stranger = Account(uid=54321, gid=54321)
    (home / "closed" / "inner").mkdir(parents=True)
    assert reachable(home, stranger)
    (home / "closed").chmod(0o700)
    assert not reachable(home / "closed" / "inner", stranger)
