"""The form of the front page."""

from django.forms import ModelForm

from .models import Entry


class EntryForm(ModelForm):
    """A new entry."""

    class Meta:
        model = Entry
        fields = ["text"]
