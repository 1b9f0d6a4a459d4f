"""Sessions with a container through AWS Systems Manager: the data channel's protocol, commands and port forwarding.

Written here because no library does it on Python 3.11 without AWS's session-manager-plugin, a separate installation.
The protocol is that of the plugin's source, version 1.3.0: https://github.com/aws/session-manager-plugin. The local AWS
uses the same messages as the agent, and its tests run the real plugin against it.
"""
