"""What staff confirm, with the moment at which they saw it."""

from __future__ import annotations

from typing import Any

from django import forms

from migration_control.moving.requests import Plan


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


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=500, widget=forms.TextInput({"class": "vTextField"}), help_text="Kept in the history for ever."
    )


class CloseForm(ReasonForm):
    """name: which the person who closes it has to type."""

    confirm = forms.CharField(
        label="Its name",
        widget=forms.TextInput({"class": "vTextField", "autocomplete": "off"}),
        help_text="Type the component's name: there is no way back.",
    )
    epoch = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name = name

    def clean_confirm(self) -> str:
        if self.cleaned_data["confirm"].strip() != self._name:
            raise forms.ValidationError(f"Nothing was closed: type {self._name}.")
        return self._name


class MoveForm(forms.Form):
    """plan: as things are now. may_override: whoever asks has the permission; the field is not there otherwise."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.TextInput({"class": "vTextField"}),
        help_text="Why the component is moved. Kept in its history for ever.",
    )
    override = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.TextInput({"class": "vTextField"}),
        label="Override, because",
        help_text="Why you go on although some gates do not hold. Kept in the history with what they said.",
    )
    stage = forms.CharField(widget=forms.HiddenInput)
    reads = forms.CharField(widget=forms.HiddenInput)
    epoch = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, plan: Plan, may_override: bool, judge: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plan, self._judge = plan, judge
        if not (may_override and plan.overridable):
            del self.fields["override"]

    def clean(self) -> dict[str, Any]:
        """A form of another epoch, or beside another request, is not judged: it is told of those."""
        cleaned: dict[str, Any] = super().clean() or {}
        plan = self._plan
        if not self._judge or cleaned.get("epoch") != plan.epoch:
            return cleaned
        if plan.refusals:
            raise forms.ValidationError("Nothing was asked for: mend first what stands in the way, as the table says.")
        if plan.overridable and not cleaned.get("override", "").strip():
            raise forms.ValidationError("Nothing was asked for: mend what does not hold, or override it with a reason.")
        return cleaned
