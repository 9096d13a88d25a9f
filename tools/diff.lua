--- `fota diff`: what a differential package would hold, without making one.
local delta = require("fota.tool.delta")
local json = require("fota.tool.json")
local models = require("fota.tool.models")
local util = require("fota.tool.util")

---@type fota.tool.Command
local diff = {
    name = "diff",
    summary = "Show how large a differential package would be, and what of.",
    arguments = "OLD NEW",
    min = 2,
    options = {
        { name = "ram", value = "BYTES", help = "of the modem's decoder; 32768 by default" },
        { name = "geometry", value = "MODEL", help = "as this modem's flash wants it, see fota pack" },
        { name = "fast", help = "literals are not predicted: decodes faster, and is up to a tenth larger" },
        { name = "json", help = "machine readable" },
    },
    notes = "OLD and NEW are images, folders, or full packages.",
    examples = { "fota diff app-1/ app-2/", "fota diff old.bin new.bin --geometry EC600E --ram 16384" },
}

function diff.run(given, positional)
    local old, new = delta.image(positional[1]), delta.image(positional[2])
    if #new == 0 then
        util.fail(positional[2] .. ": the image is empty")
    end
    local options = delta.options(given)
    if given.geometry then
        options.model = models.geometry(given.geometry)
    end
    local made = delta.make(old, new, options)
    if given.json then
        util.print(json.encode({
            format = made.format, payload = #made.bytes, old = #old, new = #new, why = made.why,
            segment = made.plan and made.plan.segment, spare = made.plan and made.plan.spare,
            parts = made.stats,
        }), "\n")
        return
    end
    for _, line in ipairs(made.stats and delta.describe(made.stats, #made.bytes) or {}) do
        util.print(line, "\n")
    end
    util.print(string.format("%s bytes of %s, %.2f %%: %s\n", util.decimal(#made.bytes),
        util.decimal(#new), 100 * #made.bytes / #new, made.why))
end

return diff
