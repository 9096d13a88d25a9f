--- `fota show`: prints what a package says.
local core = require("fota.tool.core")
local delta = require("fota.tool.delta")
local json = require("fota.tool.json")
local util = require("fota.tool.util")

---@type fota.tool.Command
local show = {
    name = "show",
    summary = "Show what a package says; nothing is checked but its digest.",
    arguments = "PKG",
    min = 1,
    options = {
        { name = "from", value = "OLD", help = "the image a difference starts from: shows what it holds" },
        { name = "json", help = "machine readable" },
    },
    notes = "Whether a modem would install it says 'fota verify'.",
    examples = { "fota show app-2.fota", "fota show app-2.fota --from app-1.bin --json" },
}

local components = { [0] = "app", [1] = "boot", [2] = "nv" }
local formats = { [1] = "full", [2] = "delta", [3] = "compressed" }
local algorithms = { [1] = "ECDSA P-256 with SHA-256" }

local function name_of(names, number)
    return names[number] or string.format("unknown (%d)", number)
end

local function is_intact(m, payload)
    return #payload == m.payload.length and core.digest(payload) == m.payload.digest
end

local function object_of(object)
    return object and { length = object.length, sha256 = util.hex(object.digest) }
end

-- What the head of a differential or compressed payload says, and with the image that it starts from
-- (a compressed one starts from none) what the payload holds, if it is intact.
local function stream_of(m, payload, old)
    if m.format ~= delta.DELTA and m.format ~= delta.COMPRESSED then
        return nil
    end
    local layout = {
        old_size = m.format == delta.DELTA and m.precursor.length or 0, new_size = m.result.length,
        ram = m.decoder_ram, segment = m.segment_size, spare = m.spare_size,
    }
    return is_intact(m, payload) and core.explain(payload, layout, old) or core.explain(payload, layout)
end

local function successors_of(m)
    local list = json.array({})
    for i, link in ipairs(m.successors) do
        list[i] = { key_id = util.hex(util.key_id(link.point)), replaces = util.hex(link.voucher) }
    end
    return m.successors[1] and list
end

-- Numbers with names, bytes in hexadecimal: what both outputs are made of.
local function describe(bytes, m, old)
    local payload = bytes:sub(m.header_length + 1)
    local signatures = json.array({})
    for i, signature in ipairs(m.signatures) do
        signatures[i] = {
            algorithm = name_of(algorithms, signature.algorithm),
            key_id = util.hex(signature.key_id),
        }
    end
    return {
        sequence = m.sequence,
        vendor = m.vendor,
        models = m.models,
        component = name_of(components, m.component),
        location = m.location,
        format = name_of(formats, m.format),
        decoder_ram = m.decoder_ram,
        segment_size = m.segment_size,
        spare_size = m.spare_size,
        stream = stream_of(m, payload, old),
        payload = object_of(m.payload),
        result = object_of(m.result),
        precursor = object_of(m.precursor),
        version = m.version,
        requires = m.requires,
        expiry = m.expiry,
        severity = m.severity,
        set = m.set_id and { id = util.hex(m.set_id), stage = m.set_stage, stages = m.set_stages },
        text = m.text,
        confirm_after = m.confirm_after,
        signatures = signatures,
        successors = successors_of(m),
        header_length = m.header_length,
        signed_length = m.signed_length,
        signed_sha256 = util.hex(core.digest(bytes:sub(1, m.signed_length))),
        file_length = #bytes,
        payload_intact = is_intact(m, payload),
    }
end

local function show_object(object)
    return object and string.format("%s bytes, sha256 %s", util.decimal(object.length), object.sha256)
end

local function show_ranges(ranges)
    local parts = {}
    for i, range in ipairs(ranges or {}) do
        parts[i] = util.decimal(range.first) .. "-" .. util.decimal(range.last)
    end
    return ranges and table.concat(parts, ", ")
end

local function show_payload(d)
    local there = d.file_length - d.header_length
    if d.payload_intact then
        return "complete, digest correct"
    elseif there == d.payload.length then
        return "complete, digest WRONG"
    end
    return string.format("%s bytes in the file: %s", util.decimal(there),
        there < d.payload.length and "TRUNCATED" or "TRAILING bytes")
end

-- What a stream's head says, and what is known of the rest.
local function add_stream(stream, add)
    add("code", stream.arch .. (stream.old_base and string.format(" at 0x%08x, was at 0x%08x",
        stream.new_base, stream.old_base) or ""))
    for _, range in ipairs(stream.ranges or {}) do
        add("pointers to", string.format("0x%08x-0x%08x, too", range.first, range.last))
    end
    add("literals are", stream.fast and "plain" or "predicted")
    for _, part in ipairs(stream.parts and delta.parts(stream.parts) or {}) do
        add(part[1], part[2])
    end
    add("segments", util.decimal(stream.segments))
    add("undo", stream.undo > 0 and util.decimal(stream.undo) .. " bytes" or "none")
end

local function text_of(d)
    local lines = {}
    local function add(name, value)
        if value then
            lines[#lines + 1] = string.format("%-13s%s", name, tostring(value))
        end
    end
    local function add_number(name, value)
        add(name, value and util.decimal(value))
    end
    add("version", d.version)
    add_number("sequence", d.sequence)
    add("vendor", d.vendor)
    add("models", table.concat(d.models, ", "))
    add("component", d.component)
    add_number("location", d.location)
    add("format", d.format)
    add_number("decoder ram", d.decoder_ram)
    add_number("segment", d.segment_size)
    add_number("spare ring", d.spare_size)
    if d.stream then
        add_stream(d.stream, add)
    end
    add("payload", show_object(d.payload))
    add("result", show_object(d.result))
    add("precursor", show_object(d.precursor))
    add("requires", show_ranges(d.requires))
    add("expiry", d.expiry and util.show_moment(d.expiry))
    add_number("severity", d.severity)
    add("set", d.set and string.format("%s, stage %d of %d", d.set.id, d.set.stage, d.set.stages))
    add("text", d.text)
    if d.confirm_after then
        add("confirm", "by itself after " .. util.decimal(d.confirm_after) .. " s")
    end
    add("header", string.format("%d bytes, %d signed, sha256 %s", d.header_length, d.signed_length,
        d.signed_sha256))
    add("file", util.decimal(d.file_length) .. " bytes")
    add("payload is", show_payload(d))
    for i, link in ipairs(d.successors or {}) do
        add("successor " .. i, string.format("key %s, in place of key %s", link.key_id, link.replaces))
    end
    for i, signature in ipairs(d.signatures) do
        add("signature " .. i, string.format("key %s, %s", signature.key_id, signature.algorithm))
    end
    add("signatures", #d.signatures == 0 and "none")
    return table.concat(lines, "\n") .. "\n"
end

function show.run(given, positional)
    local bytes = util.read(positional[1])
    local manifest, why, code = core.parse(bytes)
    if not manifest then
        util.fail(string.format("%s: %s: %s", positional[1], util.error_name(code), why))
    end
    local old = manifest.format == delta.COMPRESSED and "" or nil
    if given.from then
        if manifest.format ~= delta.DELTA then
            util.usage("--from is of no use: the package is no difference")
        end
        old = delta.precursor(positional[1], manifest, given.from)
    end
    local description = describe(bytes, manifest, old)
    if given.json then
        util.print(json.encode(description), "\n")
    else
        util.print(text_of(description))
    end
end

return show
