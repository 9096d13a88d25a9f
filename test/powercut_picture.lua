-- Draws what became of the modem after a cut at each operation in each way: an SVG from the results of
-- `powercut --results FILE` on standard input.

local MODES = { "before", "first half", "second half", "random", "after",
    "unstable", "marginal", "one unstable", "unreadable" }
local OUTCOMES = {
    { "old", "the old image runs: nothing was begun, or it is back", "#9aa7b5" },
    { "downloading", "the old image runs, the download goes on", "#5b8db8" },
    { "trial", "the boot stage finished: the new image is on trial", "#e3b04b" },
    { "new", "the new image runs, confirmed or kept", "#5fa55a" },
    { "failed", "anything else", "#d0021b" },
}
local LEFT, WIDTH, ROW, TOP = 112, 820, 13, 30

local colour = {}
for _, outcome in ipairs(OUTCOMES) do
    colour[outcome[1]] = outcome[3]
end

local campaigns, order = {}, {}
for line in io.lines() do
    local map, scenario, operation, mode, outcome, rest, steps =
        line:match("^(.-)\t(.-)\t(%d+)\t(.-)\t(.-)\t(%d+)\t(%d+)$")
    local name = map .. ", " .. scenario
    local c = campaigns[name]
    if not c then
        c = { name = name, rows = {}, first = math.huge, last = 0, recovery = {}, points = 0, failed = 0 }
        campaigns[name] = c
        order[#order + 1] = c
    end
    operation, rest = tonumber(operation), tonumber(rest)
    c.rows[mode] = c.rows[mode] or {}
    c.rows[mode][operation] = outcome
    c.first, c.last = math.min(c.first, operation), math.max(c.last, operation)
    c.recovery[operation] = math.max(c.recovery[operation] or 0, rest)
    c.steps = math.max(c.steps or 0, tonumber(steps))
    c.points = c.points + 1
    c.failed = c.failed + (outcome == "failed" and 1 or 0)
end

local out = {}
local function put(format, ...)
    out[#out + 1] = format:format(...)
end

local function text(x, y, anchor, words)
    put('<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>', x, y, anchor, words)
end

-- Runs of operations with one outcome are one rectangle.
local function draw_row(c, mode, y)
    local scale = WIDTH / (c.last - c.first + 1)
    local row, begin = c.rows[mode] or {}, c.first
    text(LEFT - 6, y + ROW - 3, "end", mode)
    for operation = c.first, c.last do
        if row[operation] ~= row[operation + 1] then
            if row[operation] then
                put('<rect x="%.2f" y="%d" width="%.2f" height="%d" fill="%s"/>',
                    LEFT + (begin - c.first) * scale, y,
                    (operation - begin + 1) * scale, ROW - 1, colour[row[operation]])
            end
            begin = operation + 1
        end
    end
end

-- What it took to get to a running image: operations of flash, as bars.
local function draw_recovery(c, y, height)
    local scale, most = WIDTH / (c.last - c.first + 1), 1
    for _, n in pairs(c.recovery) do
        most = math.max(most, n)
    end
    text(LEFT - 6, y + 10, "end", most .. " operations")
    text(LEFT - 6, y + height, "end", "recovery, 0")
    local points = {}
    for operation = c.first, c.last do
        points[#points + 1] = ("%.1f,%.1f"):format(LEFT + (operation - c.first + 0.5) * scale,
            y + height - (c.recovery[operation] or 0) * height / most)
    end
    put('<polyline points="%s" fill="none" stroke="#444" stroke-width="1"/>', table.concat(points, " "))
end

local y = TOP + ROW * #OUTCOMES
local body = out
for _, c in ipairs(order) do
    y = y + 34
    put('<text x="%d" y="%d" font-weight="bold">%s: %d cuts, %d failed</text>', LEFT, y - 8, c.name, c.points,
        c.failed)
    for _, mode in ipairs(MODES) do
        draw_row(c, mode, y)
        y = y + ROW
    end
    draw_recovery(c, y + 4, 40)
    y = y + 48
    text(LEFT, y + 10, "start", "flash operation " .. c.first)
    text(LEFT + WIDTH, y + 10, "end", tostring(c.last))
    y = y + 14
end

out = {}
put('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">',
    LEFT + WIDTH + 20, y + 16)
put('<rect width="100%%" height="100%%" fill="white"/>')
text(LEFT, 18, "start", "What runs first after the power failed at this flash operation, in this way:")
for i, outcome in ipairs(OUTCOMES) do
    put('<rect x="%d" y="%d" width="16" height="%d" fill="%s"/>', LEFT, TOP + (i - 1) * ROW, ROW - 2,
        outcome[3])
    text(LEFT + 22, TOP + i * ROW - 4, "start", outcome[2])
end
for _, line in ipairs(body) do
    out[#out + 1] = line
end
put("</svg>")
print(table.concat(out, "\n"))
