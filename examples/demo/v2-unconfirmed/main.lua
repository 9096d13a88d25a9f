-- A version 2 that breaks before it can confirm.
PROJECT = "demo"
VERSION = "2.0.0"

print("version 2.0.0 runs, and finds that it is broken")
error("the display driver does not answer")
