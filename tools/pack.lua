--- `fota pack`: makes a package of an image.
local core = require("fota.tool.core")
local delta = require("fota.tool.delta")
local models = require("fota.tool.models")
local sign = require("fota.tool.sign")
local successor = require("fota.tool.successor")
local util = require("fota.tool.util")

local U32_MAX = util.U32_MAX
local SET_ID_SIZE = 8
local NAME_MAX = 31
local TEXT_MAX = 128
local LIST_MAX = 8
local COMPONENT_APP = 0

---@type fota.tool.Command
local pack = {
    name = "pack",
    summary = "Make a package of an image, signed when a key is given.",
    options = {
        { name = "image", value = "FILE",
            help = "the image, or a folder: its files become a tar archive" },
        { name = "from", value = "OLD", help = "the installed image: only the difference is packed" },
        { name = "to", value = "NEW", help = "the image, instead of --image: it is made small" },
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
        { name = "ram", value = "BYTES", help = "with --to: of the modem's decoder; 32768 by default" },
        { name = "geometry", value = "M",
            help = "whose flash it has to fit; or SLOT/UNIT,STAGING/UNIT[,ab] in bytes, ab: two slots."
                .. " By default that of each --model" },
        { name = "undo", help = "with --from: a reverse patch, too, where the old image is not kept" },
        { name = "fast", help = "with --to: decodes faster, and is up to a tenth larger" },
        { name = "mini", value = "UPDATER", help = "mini fota: make two packages of one set. --out gets this"
            .. " resident updater (url1), --out2 the image (url2)" },
        { name = "out2", value = "PKG", help = "with --mini: the package of the image" },
        { name = "key", value = "KEY.pem", help = "sign it, as 'fota sign' would" },
        { name = "successor", value = "VOUCHER", many = true,
            help = "of 'fota vouch': the key that replaces the modem's, then the one that replaces that" },
    },
    notes = "The same images and options always give the same package, its signature included.\n"
        .. "OLD and NEW are images, folders, or full packages. Of a difference, the compressed image\n"
        .. "and the image itself the smallest is packed.",
    examples = {
        "fota pack --image app/ --model EC600U --version 2.0.0 --sequence 2 --out app-2.fota",
        "fota pack --image fw.bin --model BG95,BG600L --version 1.4 --sequence 14 \\",
        "          --requires 10-13 --expiry 2030-12-31 --key key.pem --out fw.fota",
        "fota pack --from app-1/ --to app-2/ --model EC600U --version 2.0.0 --sequence 2 \\",
        "          --key key.pem --out app-2.delta.fota",
        "fota pack --image app/ --mini updater.bin --model EC600N --version 3.0 --sequence 3 \\",
        "          --key key.pem --out stage1.fota --out2 stage2.fota",
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

local function manifest_of(given)
    local vendor = check_text("vendor", given.vendor or "quectel", NAME_MAX)
    local manifest = {
        sequence = util.number_option("sequence", given.sequence, 1, U32_MAX),
        vendor = vendor,
        models = read_models(given, vendor),
        component = COMPONENT_APP,
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
    manifest.successors = successor.chain(given.successor)
    return manifest
end

local function object_of(bytes)
    return { length = #bytes, digest = core.digest(bytes) }
end

local function check_images(given)
    if (given.mini == nil) ~= (given.out2 == nil) then
        util.usage("--mini and --out2 belong together")
    elseif given.mini and not given.image then
        util.usage("--mini goes with --image")
    elseif given.out2 == given.out then
        util.usage("--out and --out2 must be two files")
    end
    if given.image and (given.from or given.to) or not given.image and not given.to then
        util.usage("give --image, or --to and perhaps --from")
    end
    for _, name in ipairs({ "ram", "undo", "fast" }) do
        local needed = (name == "ram" or name == "fast") and "to" or "from"
        if given[name] and not given[needed] then
            util.usage(string.format("--%s goes with --%s", name, needed))
        end
    end
end

-- Whose flash a difference is made for: the first model, when it is one of the table.
local function geometry_of(given, manifest)
    return given.geometry or manifest.vendor == "quectel" and manifest.models[1] or nil
end

-- What is packed: a full image as it is, or the smallest payload that makes it.
local function payload_of(given, manifest, image)
    if given.image then
        return { format = delta.FULL, bytes = image }
    end
    local options = delta.options(given)
    local old = given.from and delta.image(given.from) or ""
    options.undo = given.undo
    options.model = given.from and geometry_of(given, manifest)
    local made = delta.make(old, image, options)
    if made.format ~= delta.FULL then
        manifest.decoder_ram = options.ram
        manifest.segment_size = made.plan and made.plan.segment or 0
        manifest.spare_size = made.plan and made.plan.spare or 0
    end
    if made.format == delta.DELTA then
        manifest.precursor = object_of(old)
    end
    return made
end

-- Ends the command when a modem that it is for could not install the package, whatever it has.
local function check_fit(given, manifest, header)
    local known = manifest.vendor == "quectel" and manifest.models or {}
    for _, map in ipairs(given.geometry and { given.geometry } or known) do
        local fine, why, code = core.judge(header, {
            vendor = manifest.vendor, model = manifest.models[1], map = map, image = manifest.precursor,
            sequence = manifest.requires and manifest.requires[1].first,
        }, { allow_same = true, decoder_ram = manifest.decoder_ram })
        if not fine then
            util.fail(string.format("%s: %s: %s", map, util.error_name(code), why))
        end
    end
end

local names = { "full", "difference", "compressed" }

local function report(given, made, image)
    if given.image then
        return
    end
    local plan = made.plan
    util.print(string.format("%s: %s, %s bytes for an image of %s%s; %.1f s, %d MB\n",
        names[made.format], made.why, util.decimal(#made.bytes), util.decimal(#image),
        plan and ", installed " .. plan.way or "", os.clock(), core.peak_memory()))
    if plan and plan.spare > 0 then
        util.print(string.format("segments of %d bytes, ring of %d\n", plan.segment, plan.spare))
    end
    if made.stats and made.stats.undo then
        util.print(string.format("reverse patch: %d bytes of it\n", made.stats.undo))
    end
end

-- The package of `image`, of which `made` is the payload: what its file holds, and a line about it.
local function package_of(given, manifest, made, image, signer)
    manifest.format = made.format
    manifest.payload, manifest.result = object_of(made.bytes), object_of(image)
    local header, why = core.write(manifest)
    if not header then
        util.fail(why)
    end
    check_fit(given, manifest, header)
    header = signer and sign.header(header, signer) or header
    return header .. made.bytes, string.format("%d bytes (header %d, payload %d), %s", #header + #made.bytes,
        #header, #made.bytes, signer and "signed by " .. util.hex(signer.key.id) or "unsigned")
end

local function save(path, bytes, line)
    util.save(path, bytes)
    util.print(path, ": ", line, "\n")
end

local function read_image(path)
    local image = delta.image(path)
    if #image == 0 or #image > U32_MAX then
        util.fail(path .. ": an image has 1 to 4294967295 bytes")
    end
    return image
end

-- The two packages of a mini fota; none is written before both are made. The set's id comes from what is
-- in it, so that the same images make the same packages.
local function save_set(given, manifest, image, signer)
    local updater = read_image(given.mini)
    local packages = {}
    manifest.set_id = core.digest(string.format("%d %s ", manifest.sequence, manifest.version)
        .. core.digest(updater) .. core.digest(image)):sub(1, SET_ID_SIZE)
    manifest.set_stages = 2
    for stage, bytes in ipairs({ updater, image }) do
        manifest.set_stage = stage
        local made = { format = delta.FULL, bytes = bytes }
        packages[stage] = { package_of(given, manifest, made, bytes, signer) }
    end
    save(given.out, packages[1][1], packages[1][2])
    save(given.out2, packages[2][1], packages[2][2])
end

function pack.run(given)
    check_images(given)
    local manifest = manifest_of(given)
    if given.geometry then
        models.geometry(given.geometry)
    end
    local signer = given.key and sign.signer({ key = given.key })
    local image = read_image(given.image or given.to)
    if given.mini then
        return save_set(given, manifest, image, signer)
    end
    local made = payload_of(given, manifest, image)
    local bytes, line = package_of(given, manifest, made, image, signer)
    report(given, made, image)
    save(given.out, bytes, line)
end

return pack
