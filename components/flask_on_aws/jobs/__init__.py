"""Scheduled jobs: EventBridge Scheduler starts tasks of the app's image at fixed times.

Imports `ecs`, `alarms` for its rules, and the layers below; `flask_app` imports it.
"""
