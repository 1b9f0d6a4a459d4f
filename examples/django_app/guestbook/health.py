"""The health check of the load balancer."""

from django.http import HttpResponse


def health(get_response):
    """Answer /up before any other middleware: without a check of the Host, and without the database."""

    def middleware(request):
        return HttpResponse("up\n", content_type="text/plain") if request.path == "/up" else get_response(request)

    return middleware
