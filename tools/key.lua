--- `fota key`: what a key is called, and its public half for those who trust it.
local util = require("fota.tool.util")

local BYTES_PER_LINE = 16

---@type fota.tool.Command
local key = {
    name = "key",
    summary = "Show the id of a key, or write its public half for modems and for a port in C.",
    arguments = "KEY.pem...",
    min = 1,
    max = 64,
    options = {
        { name = "public", value = "PUB.pem", help = "write the public half of the one key there" },
        { name = "c", value = "NAME", help = "print C: an array NAME of struct fota_key, and NAME_count" },
    },
    notes = "A key is private or public, PEM, P-256. No private half is ever printed.",
    examples = {
        "fota key release.pub.pem",
        "fota key release.pem --public release.pub.pem",
        "fota key release.pub.pem backup.pub.pem --c product_keys >product_keys.c",
    },
}

-- Lines of an initialiser in braces.
local function initialiser(bytes, indent)
    local lines = {}
    for at = 1, #bytes, BYTES_PER_LINE do
        local digits = util.hex(bytes:sub(at, at + BYTES_PER_LINE - 1))
        lines[#lines + 1] = indent .. digits:gsub("%x%x", "0x%0, "):gsub(" $", "")
    end
    return "{\n" .. table.concat(lines, "\n"):gsub(",$", "") .. "}"
end

local function source(name, keys)
    local lines = {
        "/* Made by `fota key --c " .. name .. "`: whose packages are taken. */",
        '#include "package.h"',
        "",
        "extern const struct fota_key " .. name .. "[];",
        "extern const size_t " .. name .. "_count;",
        "",
        "const struct fota_key " .. name .. "[] = {",
    }
    for _, one in ipairs(keys) do
        lines[#lines + 1] = "    /* " .. util.hex(one.id) .. " */"
        lines[#lines + 1] = "    {.id = " .. initialiser(one.id, "         ") .. ","
        lines[#lines + 1] = "     .point = " .. initialiser(one.point, "         ") .. "},"
    end
    lines[#lines + 1] = "};"
    lines[#lines + 1] = string.format("const size_t %s_count = %d;", name, #keys)
    return table.concat(lines, "\n") .. "\n"
end

function key.run(given, positional)
    if given.c and not given.c:find("^[%a_][%w_]*$") then
        util.usage("--c: '" .. given.c .. "' is no name of C")
    elseif given.public and (given.c or #positional > 1) then
        util.usage("--public takes one key, and no --c")
    end
    local keys, seen = {}, {}
    for i, path in ipairs(positional) do
        keys[i] = util.key(path)
        if seen[keys[i].id] then
            util.fail(path .. " is the same key as " .. seen[keys[i].id])
        end
        seen[keys[i].id] = path
    end
    if given.c then
        util.print(source(given.c, keys))
        return
    elseif given.public then
        util.save(given.public, keys[1].public_pem)
    end
    for i, one in ipairs(keys) do
        util.print(string.format("%s: key id %s, %s\n", positional[i], util.hex(one.id),
            one.private and "private" or "public"))
    end
end

return key
