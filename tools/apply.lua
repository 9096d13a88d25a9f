--- `fota apply`: makes the image of a package on a host, with the modem's decoder.
local core = require("fota.tool.core")
local delta = require("fota.tool.delta")
local util = require("fota.tool.util")

---@type fota.tool.Command
local apply = {
    name = "apply",
    summary = "Make the image that a package installs, as a modem would.",
    arguments = "PKG",
    min = 1,
    options = {
        { name = "from", value = "OLD", help = "the installed image, for a differential package" },
        { name = "out", value = "IMAGE", required = true, help = "the image" },
    },
    notes = "Signatures are not checked; 'fota verify' does that.",
    examples = { "fota apply --from old.bin app-2.fota --out new.bin" },
}

function apply.run(given, positional)
    local path = positional[1]
    local manifest, payload = delta.open(path, util.read(path))
    local old
    if manifest.format == delta.DELTA then
        if not given.from then
            util.usage("--from is missing: the package is a difference; give the image it starts from")
        end
        old = delta.precursor(path, manifest, given.from)
    end
    local image, why, code = delta.decode(manifest, payload, old)
    if not image then
        util.fail(string.format("%s: %s: %s", path, util.error_name(code), why))
    elseif #image ~= manifest.result.length or core.digest(image) ~= manifest.result.digest then
        util.fail(path .. ": RESULT: the image has another digest than the package says")
    end
    util.save(given.out, image)
    util.print(string.format("%s: %s bytes, sha256 %s\n", given.out, util.decimal(#image),
        util.hex(manifest.result.digest)))
end

return apply
