"""What an app gets at run time: its environment, its process, its timeouts and sizes, and the certificates of RDS.

Plain values that import nothing of Pulumi; everything above `validation` may import it.
"""
