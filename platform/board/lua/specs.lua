--- main.lua of an image that runs specs: those in the image's file specs.txt.
assert = require("luassert") -- luacheck: ignore

local files = {}
for path in io.lines("/specs.txt") do
    files[#files + 1] = path
end

-- By a timer, since main.lua is a coroutine, and specs begin on the main thread.
require("sys").timerStart(function()
    local counts = require("spec.support.blocks")(files)
    os.exit(counts.failures == 0 and counts.successes > 0)
end, 1)
