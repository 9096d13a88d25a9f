--- `fota verify`: judges a package as a modem would.
local core = require("fota.tool.core")
local delta = require("fota.tool.delta")
local json = require("fota.tool.json")
local models = require("fota.tool.models")
local successor = require("fota.tool.successor")
local util = require("fota.tool.util")

---@type fota.tool.Command
local verify = {
    name = "verify",
    summary = "Check a package as a modem would: signatures, rules, size and digest.",
    arguments = "PKG",
    min = 1,
    options = {
        { name = "key", value = "PUB.pem", required = true, many = true, help = "a key the modem trusts" },
        { name = "model", value = "M", help = "the modem's model, and with it its flash; else not judged" },
        { name = "vendor", value = "NAME", help = "the modem's vendor; quectel when --model is given" },
        { name = "geometry", value = "M", help = "the modem's flash, see fota pack; by default the model's" },
        { name = "ram", value = "BYTES",
            help = "of the modem's decoder; 32768 by default where its flash is known" },
        { name = "installed", value = "SEQ", help = "sequence that is installed: else not judged" },
        { name = "successor", value = "VOUCHER", many = true,
            help = "a replaced key that the modem knows of: it confirmed a package with this voucher" },
        { name = "signatures", value = "N", help = "signatures of different keys needed: 1 or 2" },
        { name = "json", help = "machine readable" },
    },
    notes = "Expiry is judged by this machine's clock.",
    examples = {
        "fota verify app-2.fota --key key.pub.pem",
        "fota verify app-2.fota --key a.pub.pem --key b.pub.pem --signatures 2 \\",
        "            --model EC600U --installed 1",
    },
}

-- What was not said about the modem is taken from the package, so that it is not judged.
local function device_of(given, manifest)
    local ranges = manifest.requires
    local installed = given.installed
    local map = given.geometry or (given.vendor or "quectel") == "quectel" and given.model or nil
    return {
        map = map,
        vendor = given.vendor or given.model and "quectel" or manifest.vendor,
        model = given.model or manifest.models[1],
        sequence = installed or ranges and ranges[1].first or 0,
        counter = installed or 0,
        image = manifest.precursor,
        successors = successor.chain(given.successor),
        time = os.time(),
    }, { allow_same = not installed, decoder_ram = given.ram or map and delta.RAM or manifest.decoder_ram }
end

-- The order of a modem: nothing is believed before the signatures are good.
local function check(given, bytes, keys, policy)
    local manifest, fine, why, code
    manifest, why, code = core.parse(bytes)
    if not manifest then
        return nil, why, code
    end
    fine, why, code = core.verify(bytes, keys, policy)
    if not fine then
        return nil, why, code
    end
    fine, why, code = core.judge(bytes, device_of(given, manifest))
    if not fine then
        return nil, why, code
    end
    fine, why, code = delta.payload(bytes, manifest)
    return fine and manifest, why, code
end

-- What the modem holds to once the package's image is confirmed.
local function replaced_by(manifest)
    local parts = {}
    for i, link in ipairs(manifest.successors) do
        parts[i] = string.format("; once confirmed, key %s replaces %s", util.hex(util.key_id(link.point)),
            util.hex(link.voucher))
    end
    return table.concat(parts)
end

local function read_arguments(given)
    local policy = {}
    if given.signatures then
        policy.signatures = util.number_option("signatures", given.signatures, 1, 2)
    end
    if given.installed then
        given.installed = util.number_option("installed", given.installed, 0, util.U32_MAX)
    end
    if given.model and (given.vendor or "quectel") == "quectel" then
        models.find(given.model)
    end
    if given.geometry then
        models.geometry(given.geometry)
    end
    if given.ram then
        given.ram = delta.options(given).ram
    end
    local keys = {}
    for i, path in ipairs(given.key) do
        keys[i] = util.key(path)
    end
    return keys, policy
end

function verify.run(given, positional)
    local keys, policy = read_arguments(given)
    local bytes = util.read(positional[1])
    local fine, why, code = check(given, bytes, keys, policy)
    if given.json then
        util.print(json.encode({
            ok = fine and true or false,
            error = not fine and util.error_name(code) or nil,
            code = not fine and code or nil,
            message = not fine and why or nil,
        }), "\n")
        return fine and util.EXIT_OK or util.EXIT_FAILURE
    elseif not fine then
        util.fail(string.format("%s: %s: %s", positional[1], util.error_name(code), why))
    end
    util.print(positional[1], ": OK", replaced_by(fine), "\n")
end

return verify
