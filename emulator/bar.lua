--- The progress bar of `fota emu`: one line that moves on a terminal, a line a quarter elsewhere.
local bar = {}
bar.__index = bar

local WIDTH = 32

---@class fota.emulator.Bar
---@field terminal boolean

--- Makes a bar that writes to standard output.
---@param terminal boolean may a line be written over?
---@return fota.emulator.Bar
function bar.new(terminal)
    return setmetatable({ terminal = terminal, open = false, quarter = -1, stage = "" }, bar)
end

local function amount(bytes)
    if bytes < 10240 then
        return string.format("%d B", bytes)
    elseif bytes < 10485760 then
        return string.format("%.1f KB", bytes / 1024)
    end
    return string.format("%.1f MB", bytes / 1048576)
end

local function line_of(stage, received, total, percent, rate)
    local done = math.floor(percent * WIDTH / 100)
    return string.format("  %-8s [%s%s] %3d %%  %s of %s%s", stage, ("#"):rep(done),
        ("."):rep(WIDTH - done), percent, amount(received), total > 0 and amount(total) or "?",
        rate and "  " .. amount(rate) .. "/s" or "")
end

--- Shows where the download is.
function bar:show(stage, received, total, percent, rate)
    local quarter = math.floor(percent / 25)
    if stage == "idle" then
        return
    end
    local text = line_of(stage, received, total, percent, rate)
    if self.terminal then
        io.stdout:write("\r", text, "\27[K")
        self.open = true
    elseif stage ~= "connect" and stage ~= "header"
        and (quarter ~= self.quarter or stage ~= self.stage) then
        io.stdout:write(text, "\n")
    end
    self.quarter, self.stage = quarter, stage
    io.stdout:flush()
end

--- Ends the line, so that something else can be printed.
function bar:close()
    if self.open then
        io.stdout:write("\n")
    end
    self.open, self.quarter = false, -1
end

return bar
