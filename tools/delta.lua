--- Differential and compressed payloads: what pack, diff, apply and show share.
local archive = require("fota.tool.archive")
local core = require("fota.tool.core")
local util = require("fota.tool.util")

local delta = {}

delta.FULL, delta.DELTA, delta.COMPRESSED = 1, 2, 3
delta.RAM = 32768
local RAM_MIN, RAM_MAX = 14336, 65536
-- A difference that is larger than this share of the image may be worse than no difference at all.
local DOUBT = 0.1
local EQUAL = 1.01
local TRIES = 4

-- An error of the table by its name, with the numbers its text asks for.
local function refusal(name, expected, got)
    for _, row in ipairs(core.errors()) do
        if row.name == name then
            local text = row.text:gsub("{expected}", util.decimal(expected))
            text = text:gsub("{got}", util.decimal(got))
            return nil, text, row.code
        end
    end
end

--- The payload of a package, if it is what the header says.
---@param bytes string the package
---@param manifest table
---@return string|nil payload
---@return string|nil message
---@return integer|nil code
function delta.payload(bytes, manifest)
    local payload = bytes:sub(manifest.header_length + 1)
    if #payload < manifest.payload.length then
        return refusal("TRUNCATED", manifest.payload.length, #payload)
    elseif #payload > manifest.payload.length then
        return refusal("TRAILING", manifest.payload.length, #payload)
    elseif core.digest(payload) ~= manifest.payload.digest then
        return refusal("INTEGRITY", 0, 0)
    end
    return payload
end

--- Takes a package apart; one that is damaged ends the command.
---@param path string for messages
---@param bytes string
---@return table manifest
---@return string payload
function delta.open(path, bytes)
    local manifest, why, code = core.parse(bytes)
    local payload
    if manifest then
        payload, why, code = delta.payload(bytes, manifest)
    end
    if not payload then
        util.fail(string.format("%s: %s: %s", path, util.error_name(code), why))
    end
    return manifest, payload
end

--- Reads an image: a file, or a folder whose files become an archive. A full package is its image.
---@param path string
---@return string bytes
function delta.image(path)
    if not core.list(path) then
        local bytes = util.read(path)
        if bytes:sub(1, 4) ~= "FOTA" then
            return bytes
        end
        local manifest, payload = delta.open(path, bytes)
        if manifest.format ~= delta.FULL then
            util.fail(path .. ": a package without the whole image; give the image itself")
        end
        return payload
    end
    local files = util.files(path)
    if #files == 0 then
        util.fail(path .. ": the folder has no files")
    end
    local bytes, why = archive.pack(files)
    if not bytes then
        util.fail(path .. ": " .. why)
    end
    return bytes
end

--- Reads the options --ram and --fast.
---@return { ram: integer, fast: boolean }
function delta.options(given)
    local ram = delta.RAM
    if given.ram then
        ram = util.number_option("ram", given.ram, RAM_MIN, RAM_MAX)
    end
    return { ram = ram, fast = given.fast or false }
end

-- One line on a terminal that is written over; nothing in a pipe.
local function progress(what)
    return function(arch, length)
        util.progress(string.format("%s: looked at as %s, %d bytes", what, arch, length))
    end
end

local function make(old, new, layout, fast, what)
    local payload, stats = core.diff(old, new, layout, fast, progress(what))
    util.progress(nil)
    if not payload then
        util.fail(stats)
    end
    return payload, stats
end

local function layout_of(old, new, options, plan)
    return {
        old_size = #old, new_size = #new, ram = options.ram,
        segment = plan and plan.segment or 0, spare = plan and plan.spare or 0,
    }
end

-- The forward patch, and behind it the reverse one when that is wanted.
local function make_both(old, new, options, plan)
    local payload, stats = make(old, new, layout_of(old, new, options, plan), options.fast, "patch")
    if not options.undo then
        return payload, stats
    end
    local undo = make(new, old, layout_of(new, old, options, plan), options.fast, "reverse patch")
    stats.undo = #undo
    return assert(core.append_undo(payload, undo)), stats
end

-- A plan depends on the payload's length, and in place the payload on the plan.
local function make_for(model, old, new, options)
    local payload, stats = make(old, new, layout_of(old, new, options), options.fast, "patch")
    local length = #payload
    for _ = 1, TRIES do
        local plan, why = core.plan(model, layout_of(old, new, options), length)
        if not plan then
            util.fail(model .. ": " .. why)
        elseif plan.spare == 0 then
            -- The old image is kept: nobody needs a patch to get it back.
            return payload, stats, plan
        end
        local here, here_stats = make_both(old, new, options, plan)
        local again = core.plan(model, layout_of(old, new, options), #here)
        if again and again.segment == plan.segment and again.spare >= plan.spare then
            return here, here_stats, plan
        end
        length = #here
    end
    util.fail(model .. ": staging has no room for the patch and its spare segments")
end

--- Makes the smallest payload from `old` ("": from nothing) to `new`.
---@param old string
---@param new string
---@param options { ram: integer, fast: boolean, undo: boolean|nil, model: string|nil }
---@return { format: integer, bytes: string, stats: table|nil, plan: table|nil, why: string }
function delta.make(old, new, options)
    local best = { format = delta.FULL, bytes = new, why = "nothing makes it smaller" }
    if #old > 0 then
        local bytes, stats, plan
        if options.model then
            bytes, stats, plan = make_for(options.model, old, new, options)
        else
            bytes, stats = make_both(old, new, options)
        end
        if #bytes < #new then
            best = { format = delta.DELTA, bytes = bytes, stats = stats, plan = plan,
                why = "the difference is smallest" }
        end
    end
    if #best.bytes > DOUBT * #new and not (options.undo and best.stats) then
        local bytes, stats = make("", new, layout_of("", new, options), options.fast, "compressed")
        -- What needs no old image is worth a little more.
        if #bytes < #best.bytes * (best.stats and EQUAL or 1) then
            best = { format = delta.COMPRESSED, bytes = bytes, stats = stats,
                why = #old > 0 and "the images have too little in common" or "it compresses" }
        end
    end
    return best
end

--- Reads the image that the package at `path` starts from, and fails if `from` is another one.
---@param path string
---@param manifest table
---@param from string
---@return string bytes
function delta.precursor(path, manifest, from)
    local old = delta.image(from)
    local digest = core.digest(old)
    if #old ~= manifest.precursor.length or digest ~= manifest.precursor.digest then
        util.fail(string.format("%s starts from %s bytes with sha256 %s..., not from %s bytes with %s...",
            path, util.decimal(manifest.precursor.length), util.hex(manifest.precursor.digest):sub(1, 16),
            util.decimal(#old), util.hex(digest):sub(1, 16)))
    end
    return old
end

--- Decodes a package with the device's decoder.
---@param manifest table
---@param payload string
---@param old string|nil the precursor
---@return string|nil image
---@return string|nil message
function delta.decode(manifest, payload, old)
    if manifest.format == delta.FULL then
        return payload
    end
    return core.apply(manifest.format == delta.DELTA and old or "", payload, {
        old_size = manifest.format == delta.DELTA and manifest.precursor.length or 0,
        new_size = manifest.result.length, ram = manifest.decoder_ram,
        segment = manifest.segment_size, spare = manifest.spare_size,
    })
end

--- What a stream consists of, for people: a list of names and texts.
---@return { [1]: string, [2]: string }[]
function delta.parts(stats)
    local function bytes(count, what)
        return string.format("%9s bytes of the image%s", util.decimal(count), what)
    end
    return {
        { "old bytes", bytes(stats.old_bytes, "") },
        { "repeated", bytes(stats.new_bytes, string.format(", in all %s copies, %s bytes of the payload",
            util.decimal(stats.copies), util.decimal(stats.copy_size))) },
        { "literals", bytes(stats.literal_bytes, string.format(", %s bytes of the payload",
            util.decimal(stats.literal_size))) },
        { "addresses", string.format("%9s moved, %s as predicted, %s bytes of the payload",
            util.decimal(stats.addresses), util.decimal(stats.predicted),
            util.decimal(stats.address_size)) },
    }
end

--- What a made payload consists of, for people: a list of lines.
---@return string[]
function delta.describe(stats, payload_length)
    local lines = { "seen as        " .. stats.arch }
    for _, part in ipairs(delta.parts(stats)) do
        lines[#lines + 1] = string.format("%-15s%s", part[1], part[2])
    end
    lines[#lines + 1] = string.format("%-15s%9s bytes", "payload", util.decimal(payload_length))
    if stats.undo then
        lines[#lines + 1] = string.format("%-15s%9s bytes of it", "reverse patch",
            util.decimal(stats.undo))
    end
    return lines
end

return delta
