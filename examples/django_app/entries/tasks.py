"""Background tasks, which a Celery worker runs."""

from celery import shared_task
from django.db.models import F

from .models import Count, Entry


@shared_task
def count_entries():
    """Count the entries. A task may run twice, so it counts all of them instead of adding one."""
    count, _ = Count.objects.get_or_create(pk=1)
    Count.objects.filter(pk=count.pk).update(entries=Entry.objects.count(), runs=F("runs") + 1)
