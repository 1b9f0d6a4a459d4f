"""What the database and cache servers of this machine have in common: their process and their system account.

Imported by the folders of the servers, the preflight and the local AWS; imports `shared`.
"""
