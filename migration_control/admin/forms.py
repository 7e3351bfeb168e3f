"""What staff confirm, with the moment at which they saw it."""

from __future__ import annotations

from django import forms


class ImportForm(forms.Form):
    batch_size = forms.IntegerField(
        min_value=1,
        max_value=1000,
        required=False,
        label="Records a batch",
        help_text="1 to 1000. Left empty, batches adapt to the database, which is faster.",
    )
    confirm_shrink = forms.BooleanField(
        required=False,
        label="Accept a file that shrank",
        help_text="A file that is missing, empty or much smaller than before is refused, since that is how a broken"
        " file looks. Tick this if the records were really deleted: they are then deleted in the database too.",
    )
    retry_quarantined = forms.BooleanField(
        required=False,
        label="Try quarantined records again",
        help_text="Those that the database could not hold the last time.",
    )


class UndoForm(forms.Form):
    reason = forms.CharField(required=False, max_length=500, help_text="Kept with the run.")
    drawn = forms.IntegerField(widget=forms.HiddenInput)
