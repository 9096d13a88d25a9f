--- main.lua of an image that runs specs: those in the image's file specs.txt.
assert = require("luassert") -- luacheck: ignore

local files = {}
for path in io.lines("/specs.txt") do
    files[#files + 1] = path
end
local counts = require("spec.support.blocks")(files)
os.exit(counts.failures == 0 and counts.successes > 0)
