"""Posts a review on its pull request, and reads the consent to lost data there: `flask-on-aws review-comment`.

It runs where a token can write, so it runs nothing of the pull request: the report is data, and this package imports
neither `review` nor the program. `report.py`, `consent.py` and `body.py` are pure; `platforms/` has the APIs of GitHub,
GitLab and Bitbucket. Only `main.py` may import this package.
"""
