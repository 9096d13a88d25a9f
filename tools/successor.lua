--- Vouchers: files with the word of an old signing key for the one that takes its place. A line of
--- hexadecimal digits: the value of the header's field SUCCESSOR.
local core = require("fota.tool.core")
local util = require("fota.tool.util")

local successor = {}

local POINT, ID, SIGNATURE = 64, 8, 64
local MAX = 2 -- in a package

---@class fota.tool.Successor
---@field point string 64 bytes: the new key
---@field voucher string 8 bytes: id of the key that it replaces
---@field value string 64 bytes: that key's signature

---@param link fota.tool.Successor
---@return string text of the voucher's file
function successor.text(link)
    return util.hex(link.point .. link.voucher .. link.value) .. "\n"
end

---@param path string
---@return fota.tool.Successor
local function read(path)
    local bytes = util.unhex(util.read(path))
    if not bytes or #bytes ~= POINT + ID + SIGNATURE then
        util.fail(path .. ": not a voucher for a new key; 'fota vouch' makes one")
    end
    return {
        point = bytes:sub(1, POINT),
        voucher = bytes:sub(POINT + 1, POINT + ID),
        value = bytes:sub(POINT + ID + 1),
    }
end

-- The first one's old key is not at hand; what it signed is checked by 'fota verify' and the modem.
local function check_link(path, link, before)
    local digest = assert(core.successor_digest(link.point))
    local id = util.key_id(before.point)
    if link.voucher ~= id then
        util.fail(string.format("%s: replaces key %s, not %s of the voucher before it", path,
            util.hex(link.voucher), util.hex(id)))
    elseif not core.check(before.point, digest, link.value) then
        util.fail(path .. ": the old key's signature is wrong; make it anew with 'fota vouch'")
    end
end

--- Reads the vouchers of an option, each for the key that replaces the one before.
---@param paths string[]|nil
---@return fota.tool.Successor[]|nil chain nil: none
function successor.chain(paths)
    if paths and #paths > MAX then
        util.usage(string.format("--successor: at most %d, the oldest first", MAX))
    end
    local chain = {}
    for i, path in ipairs(paths or {}) do
        chain[i] = read(path)
        if i > 1 then
            check_link(path, chain[i], chain[i - 1])
        end
    end
    return paths and chain
end

return successor
