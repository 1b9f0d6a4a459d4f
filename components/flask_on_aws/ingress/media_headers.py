"""A header of media files; a separate module, since the local AWS does not import Pulumi."""

# Uploads are on the app's own domain: a page or an SVG image among them must neither run scripts, which would act as the
# visitor, nor show a form. The browser's viewer of PDF files works, unlike in a sandbox.
CONTENT_SECURITY_POLICY = "script-src 'none'; form-action 'none'; base-uri 'none'"
