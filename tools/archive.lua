--- The image of the emulated modem: its files as a POSIX ustar archive (IEEE 1003.1, pax).
---
--- The same files give the same bytes: sorted names, no times, no owners. Only plain files are
--- written; folders are implied by the names.
local archive = {}

local BLOCK = 512
local NAME_MAX = 100
local SIZE_MAX = 8589934591 -- eleven octal digits

---@class fota.tool.File
---@field name string path inside the archive, parts separated by /
---@field data string

-- A name that stays inside the folder it is unpacked into.
local function check_name(name)
    if type(name) ~= "string" or name == "" then
        return nil, "a file without a name"
    elseif #name > NAME_MAX then
        return nil, string.format("the name %s... has more than %d characters", name:sub(1, 20), NAME_MAX)
    elseif name:find("[%c\127\\]") then
        return nil, "a name with a control character or a backslash"
    end
    for part in (name .. "/"):gmatch("([^/]*)/") do
        if part == "" or part == "." or part == ".." then
            return nil, "the name " .. name .. " is absolute or leads out of the folder"
        end
    end
    return true
end

local function pad(text, size)
    return text .. ("\0"):rep(size - #text)
end

local function octal(number, digits)
    local text = ""
    for _ = 1, digits do
        text = string.format("%d", number % 8) .. text
        number = math.floor(number / 8)
    end
    return text
end

local function checksum(header)
    local sum = 0
    for i = 1, BLOCK do
        -- The field itself counts as blanks.
        sum = sum + (i > 148 and i <= 156 and 32 or header:byte(i))
    end
    return sum
end

local function header_of(file)
    local before = pad(file.name, NAME_MAX) .. "0000644\0" .. "0000000\0" .. "0000000\0"
        .. octal(#file.data, 11) .. "\0" .. ("0"):rep(11) .. "\0"
    local after = "0" .. pad("", 100) .. "ustar\0" .. "00" .. pad("", 64)
        .. "0000000\0" .. "0000000\0" .. pad("", 167)
    local sum = checksum(before .. (" "):rep(8) .. after)
    return before .. octal(sum, 6) .. "\0 " .. after
end

local function by_name(a, b)
    return a.name < b.name
end

--- Packs files.
---@param files fota.tool.File[] in any order; not changed
---@return string|nil bytes
---@return string|nil message why a file cannot be packed
function archive.pack(files)
    local sorted, parts = {}, {}
    for i, file in ipairs(files) do
        local fine, why = check_name(file.name)
        if not fine then
            return nil, why
        end
        sorted[i] = file
    end
    table.sort(sorted, by_name)
    for i, file in ipairs(sorted) do
        if i > 1 and sorted[i - 1].name == file.name then
            return nil, "the name " .. file.name .. " is there twice"
        elseif #file.data > SIZE_MAX then
            return nil, "the file " .. file.name .. " is too large"
        end
        parts[#parts + 1] = header_of(file)
        parts[#parts + 1] = file.data
        parts[#parts + 1] = ("\0"):rep(-#file.data % BLOCK)
    end
    parts[#parts + 1] = ("\0"):rep(2 * BLOCK)
    return table.concat(parts)
end

local function number_field(header, first, last)
    local digits = header:sub(first, last):match("^ *([0-7]+)[ %z]*$")
    return digits and tonumber(digits, 8)
end

-- Takes one header apart: {name, kind, size}.
local function read_header(header, offset)
    local where = " at byte " .. string.format("%d", offset)
    if number_field(header, 149, 156) ~= checksum(header) then
        return nil, "the archive is damaged" .. where
    elseif header:sub(258, 262) ~= "ustar" then
        return nil, "this is not a ustar archive"
    end
    local size = number_field(header, 125, 136)
    if not size then
        return nil, "a file's size is invalid" .. where
    end
    local name = header:sub(1, NAME_MAX):match("^[^%z]*")
    local kind = header:sub(157, 157)
    if header:sub(346, 346) ~= "\0" then
        return nil, "a name has more than 100 characters" .. where
    end
    -- What `tar cf x .` writes.
    return { name = (name:gsub("^%./", "")), kind = kind, size = size }
end

-- One entry at byte `at` (from 1): the file, or false for a folder, and where the next one is.
local function read_entry(bytes, at)
    local header, why = read_header(bytes:sub(at, at + BLOCK - 1), at - 1)
    if not header then
        return nil, why
    end
    if header.kind == "5" then
        return false, at + BLOCK
    elseif header.kind ~= "0" and header.kind ~= "\0" then
        return nil, header.name .. " is neither a file nor a folder"
    end
    local fine
    fine, why = check_name(header.name)
    if not fine then
        return nil, why
    end
    local next_at = at + BLOCK + header.size + -header.size % BLOCK
    if next_at > #bytes + 1 then
        return nil, "the archive is truncated in " .. header.name
    end
    local data = bytes:sub(at + BLOCK, at + BLOCK + header.size - 1)
    return { name = header.name, data = data }, next_at
end

--- Unpacks an archive. Names are safe to join to a folder.
---@param bytes string
---@return fota.tool.File[]|nil files in the archive's order
---@return string|nil message why it is not a good archive
function archive.read(bytes)
    local files, seen = {}, {}
    local at = 1
    while true do
        if at + BLOCK - 1 > #bytes then
            return nil, "the archive is truncated"
        end
        if not bytes:find("^%z", at) then
            local file, next_at = read_entry(bytes, at)
            if file == nil then
                return nil, next_at
            end
            if file and seen[file.name] then
                return nil, "the name " .. file.name .. " is there twice"
            elseif file then
                seen[file.name] = true
                files[#files + 1] = file
            end
            at = next_at
        elseif bytes:find("[^%z]", at) then
            return nil, string.format("the archive is damaged at byte %d", at - 1)
        elseif #bytes - at + 1 < 2 * BLOCK then
            return nil, "the archive is truncated"
        else
            return files
        end
    end
end

return archive
