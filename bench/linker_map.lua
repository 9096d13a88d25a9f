--- Reads a linker's map: how much of each part was kept.
local map = {}

local function part_of(parts, object)
    for i, part in ipairs(parts) do
        if object:find(part[2]) then
            return i
        end
    end
end

--- Sums by the names of `parts`, a list of { name, pattern of the object's path }, of which the first
--- that fits counts: .code, what is in the flash (with what is copied to RAM), and .ram, what is zeroed.
function map.read(path, parts)
    local sums, output, pending = {}, nil, nil
    local begun, last = false, nil
    for line in io.lines(path) do
        begun = begun or line:find("^Linker script and memory map") ~= nil
        local section = line:match("^(%.[%w_%.]+)")
        if section then
            output = section
        end
        local before = tonumber(line:match("(0x%x+) %(size before relaxing%)"))
        if before then
            -- Of strings that all lie in others the map gives the size of those.
            if last and before < last.size then
                last.sum[last.kind] = last.sum[last.kind] - last.size
            end
        elseif line:match("^ (%.[^ ]+)$") then
            pending = true
        else
            local size, object = line:match("^ [^ ]+ +0x%x+ +(0x%x+) (.+)$")
            if not size and pending then
                size, object = line:match("^ +0x%x+ +(0x%x+) (.+)$")
            end
            pending, last = nil, nil
            size = size and tonumber(size)
            if begun and size and size > 0 and output and object:find("[/.]") then
                local kind = (output == ".bss" or output == ".dma") and "ram"
                    or (output == ".text" or output == ".data" or output == ".ARM.exidx") and "code"
                local i = kind and part_of(parts, object)
                if i then
                    local name = parts[i][1]
                    sums[name] = sums[name] or { code = 0, ram = 0 }
                    sums[name][kind] = sums[name][kind] + size
                    last = { sum = sums[name], kind = kind, size = size }
                    if output == ".data" then
                        sums[name].ram = sums[name].ram + size
                    end
                end
            end
        end
    end
    return sums
end

return map
