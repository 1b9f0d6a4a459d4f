"""The tables."""

from django.db import models


class Entry(models.Model):
    """What a visitor wrote."""

    text = models.CharField(max_length=200)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "entries"

    def __str__(self):
        return self.text


class Count(models.Model):
    """The number of entries, which a background task computes."""

    entries = models.PositiveIntegerField(default=0)
    runs = models.PositiveIntegerField(default=0)
