--- `fota pack`: makes a package of an image.
local archive = require("fota.tool.archive")
local core = require("fota.tool.core")
local models = require("fota.tool.models")
local sign = require("fota.tool.sign")
local util = require("fota.tool.util")

local U32_MAX = util.U32_MAX
local NAME_MAX = 31
local TEXT_MAX = 128
local LIST_MAX = 8
local COMPONENT_APP = 0
local FORMAT_FULL = 1

---@type fota.tool.Command
local pack = {
    name = "pack",
    summary = "Make a package of an image, signed when a key is given.",
    options = {
        { name = "image", value = "FILE", required = true,
            help = "the image, or a folder: its files become a tar archive" },
        { name = "model", value = "M[,M...]", required = true,
            help = "models that may install it; see 'fota models'" },
        { name = "version", value = "TEXT", required = true,
            help = "firmware version, for people" },
        { name = "sequence", value = "N", required = true,
            help = "1 to 4294967295; grows with every release" },
        { name = "out", value = "PKG", required = true,
            help = "the package" },
        { name = "vendor", value = "NAME", help = "vendor of the models; quectel by default" },
        { name = "text", value = "TEXT", help = "description, for people" },
        { name = "confirm-after", value = "SECONDS",
            help = "of running, then it is confirmed by itself; by default it has to call fota.confirm()" },
        { name = "severity", value = "N", help = "0 to 255, for people" },
        { name = "expiry", value = "WHEN", help = "seconds since 1970, or YYYY-MM-DD (to its end, UTC)" },
        { name = "requires", value = "A-B[,...]", help = "installed sequences it may be installed over" },
        { name = "key", value = "KEY.pem", help = "sign it, as 'fota sign' would" },
    },
    notes = "The same image and options always give the same package, its signature included.",
    examples = {
        "fota pack --image app/ --model EC600U --version 2.0.0 --sequence 2 --out app-2.fota",
        "fota pack --image fw.bin --model BG95,BG600L --version 1.4 --sequence 14 \\",
        "          --requires 10-13 --expiry 2030-12-31 --key key.pem --out fw.fota",
    },
}

local function check_text(name, text, max)
    if #text < 1 or #text > max or text:find("[^\32-\126]") then
        util.usage(string.format("--%s: 1 to %d printable ASCII characters expected", name, max))
    end
    return text
end

local function read_models(given, vendor)
    local names = util.split(given.model)
    if #names > LIST_MAX then
        util.usage(string.format("--model: at most %d models", LIST_MAX))
    end
    local seen = {}
    for _, name in ipairs(names) do
        check_text("model", name, NAME_MAX)
        if seen[name] then
            util.usage("--model: " .. name .. " is there twice")
        end
        seen[name] = true
        -- Another vendor's models are not in the table.
        if vendor == "quectel" then
            models.find(name)
        end
    end
    return names
end

local function read_requires(text)
    local ranges = {}
    for _, part in ipairs(util.split(text)) do
        local first, last = part:match("^(%d+)%-(%d+)$")
        first = util.number(first or part, 0, U32_MAX)
        last = last and util.number(last, 0, U32_MAX) or not part:find("-", 1, true) and first
        if not first or not last or first > last then
            util.usage("--requires: '" .. part .. "' is not a range like 3-7 of sequences")
        end
        ranges[#ranges + 1] = { first = first, last = last }
    end
    if #ranges > LIST_MAX then
        util.usage(string.format("--requires: at most %d ranges", LIST_MAX))
    end
    return ranges
end

local function read_image(path)
    if not core.list(path) then
        return util.read(path)
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

local function manifest_of(given)
    local vendor = check_text("vendor", given.vendor or "quectel", NAME_MAX)
    local manifest = {
        sequence = util.number_option("sequence", given.sequence, 1, U32_MAX),
        vendor = vendor,
        models = read_models(given, vendor),
        component = COMPONENT_APP,
        format = FORMAT_FULL,
        version = check_text("version", given.version, NAME_MAX),
    }
    if given.requires then
        manifest.requires = read_requires(given.requires)
    end
    if given.expiry then
        manifest.expiry = util.moment(given.expiry)
        if not manifest.expiry then
            util.usage("--expiry: '" .. given.expiry .. "' is neither seconds nor a date YYYY-MM-DD")
        end
    end
    if given["confirm-after"] then
        manifest.confirm_after = util.number_option("confirm-after", given["confirm-after"], 1, U32_MAX)
    end
    if given.severity then
        manifest.severity = util.number_option("severity", given.severity, 0, 255)
    end
    if given.text then
        manifest.text = check_text("text", given.text, TEXT_MAX)
    end
    return manifest
end

function pack.run(given)
    local manifest = manifest_of(given)
    local image = read_image(given.image)
    if #image == 0 or #image > U32_MAX then
        util.fail(given.image .. ": an image has 1 to 4294967295 bytes")
    end
    local object = { length = #image, digest = core.digest(image) }
    manifest.payload, manifest.result = object, object
    local header, why = core.write(manifest)
    if not header then
        util.fail(why)
    end
    local signer = "unsigned"
    if given.key then
        local key, pem = util.key(given.key)
        header = sign.with_key(header, key, pem)
        signer = "signed by " .. util.hex(key.id)
    end
    util.save(given.out, header .. image)
    io.stdout:write(string.format("%s: %d bytes (header %d, payload %d), %s\n", given.out,
        #header + #image, #header, #image, signer))
end

return pack
