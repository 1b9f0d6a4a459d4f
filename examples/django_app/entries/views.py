"""The front page."""

from django.shortcuts import redirect, render

from .forms import EntryForm
from .models import Count, Entry
from .tasks import count_entries


def front(request):
    """Show the newest entries, and add one."""
    form = EntryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        count_entries.delay()
        return redirect("front")
    context = {"form": form, "entries": Entry.objects.order_by("-created")[:20], "count": Count.objects.first()}
    return render(request, "entries/front.html", context)
