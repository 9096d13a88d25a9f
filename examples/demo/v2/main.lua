-- Version 2: says that it works, so that the boot stage keeps it.
PROJECT = "demo"
VERSION = "2.0.0"

local fota = require "fota"

print("version 2.0.0 runs")
assert(fota.confirm())
print("confirmed")
