--- `fota models`: what each modem can do.
local core = require("fota.tool.core")
local json = require("fota.tool.json")
local util = require("fota.tool.util")

---@class fota.tool.Models: fota.tool.Command
local models = {
    name = "models",
    summary = "Show the modem models and their rules.",
    arguments = "[NAME]",
    max = 1,
    options = {
        { name = "json", help = "machine readable" },
    },
    notes = "local: write, flush, verify.  keep: the automatic reset can be disabled.\n"
        .. "mini: two-stage update.  tls: ssl_params.  call: what httpDownload does.",
    examples = { "fota models", "fota models EC600U", "fota models --json" },
}

local features = {
    { "http", "http", "httpDownload" },
    { "local_upgrade", "local", "write, flush, verify" },
    { "reset_disable", "keep", "automatic reset can be disabled" },
    { "mini", "mini", "mini fota (url2)" },
    { "tls_params", "tls", "ssl_params" },
    { "ftp", "ftp", "ftpDownload" },
    { "apn", "apn", "apn_set" },
    { "cancel", "cancel", "download_cancel" },
}

local function call_of(row)
    return row.asynchronous and "async" or "blocking"
end

--- Reads --geometry for `core.plan` and `core.judge`: a model's name, or the regions of a device of one's
--- own. Anything else ends the command.
---@param text string
---@return string
function models.geometry(text)
    if not core.is_geometry(text) then
        util.usage("--geometry: '" .. text .. "' is neither a model of 'fota models' nor "
            .. "SLOT/UNIT,STAGING/UNIT, bytes in whole erase units, with ,ab behind it for two slots")
    end
    return text
end

--- The row of a model; an unknown one ends the command with the list of the known ones.
---@param name string
---@return table row of core.models()
function models.find(name)
    local names = {}
    for i, row in ipairs(core.models()) do
        if row.name == name then
            return row
        end
        names[i] = row.name
    end
    util.usage(string.format("unknown model '%s'; known: %s", name, table.concat(names, ", ")))
end

local function show_all()
    local head = string.format("%-11s %-11s %-10s", "model", "family", "chip")
    for _, feature in ipairs(features) do
        head = head .. " " .. feature[2]
    end
    local lines = { head .. " call" }
    for i, row in ipairs(core.models()) do
        local line = string.format("%-11s %-11s %-10s", row.name, row.family, row.chip)
        for _, feature in ipairs(features) do
            local mark = row[feature[1]] and "yes" or "-"
            line = line .. " " .. mark .. (" "):rep(#feature[2] - #mark)
        end
        lines[i + 1] = line .. " " .. call_of(row)
    end
    return table.concat(lines, "\n") .. "\n"
end

local function show_one(row)
    local lines = {}
    local function add(name, value)
        lines[#lines + 1] = string.format("%-34s%s", name, value)
    end
    add("model", row.name)
    add("family", row.family)
    add("chip", row.chip)
    add("core", row.core)
    for _, feature in ipairs(features) do
        add(feature[3], row[feature[1]] and "yes" or "no")
    end
    add("httpDownload is", call_of(row))
    add("error code in the callback", row.code_second and "second value, after -1" or "first value")
    return table.concat(lines, "\n") .. "\n"
end

function models.run(given, positional)
    local row = positional[1] and models.find(positional[1])
    if given.json then
        util.print(json.encode(row or core.models()), "\n")
    else
        util.print(row and show_one(row) or show_all())
    end
end

return models
