#!/bin/sh
# The tests that docs/security-tests.md names exist, each row has one, and V1 to V32 are there:
# test/security_tests.sh
set -eu
cd "$(dirname "$0")/.."
exec lua5.4 - docs/security-tests.md <<'LUA'
local rows, names, bad, seen = 0, 0, 0, {}

local function complain(...)
    io.stderr:write(string.format(...), "\n")
    bad = bad + 1
end

local texts = {}
local function read(path)
    if texts[path] == nil then
        local file = io.open(path, "rb")
        texts[path] = file and file:read("a") or false
    end
    return texts[path]
end

-- A C test is a function that is in the list of its program; a spec has a name that ends so.
local function exists(file, name)
    local text = read((file:match("%.lua$") and "spec/" or "test/") .. file)
    if not text then
        return false
    end
    if file:match("%.lua$") then
        return text:find('it("' .. name .. '"', 1, true) ~= nil
    end
    return text:find("static void " .. name .. "(void **state)", 1, true) ~= nil
        and text:find("[(]" .. name .. "[,)]") ~= nil
end

for line in io.lines(arg[1]) do
    local id, tests = line:match("^| (.-) | .* | (.-) |$")
    if id and id ~= "row" then
        local count = 0
        rows, seen[id] = rows + 1, true
        for test in (tests .. "<br>"):gmatch("(.-)<br>") do
            local file, name = test:match("^(%S+): (.+)$")
            count = count + 1
            if not file or not exists(file, name) then
                complain("%s: there is no test '%s'", id, test)
            end
        end
        names = names + count
    end
end
for i = 1, 32 do
    if not seen["V" .. i] then
        complain("V%d has no row", i)
    end
end
print(("%d rows, %d tests, %d missing"):format(rows, names, bad))
os.exit(bad == 0)
LUA
