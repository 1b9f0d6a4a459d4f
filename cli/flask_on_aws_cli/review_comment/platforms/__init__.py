"""The APIs of GitHub, GitLab and Bitbucket, each a function that posts a review where its pipeline runs."""
