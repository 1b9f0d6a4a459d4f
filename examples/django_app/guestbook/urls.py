"""The URLs of the project."""

from django.contrib import admin
from django.urls import path
from entries.views import front

urlpatterns = [path("", front, name="front"), path("admin/", admin.site.urls)]
