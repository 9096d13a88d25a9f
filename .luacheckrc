std = "max"
max_line_length = 110
exclude_files = { "build*", "types" } -- types: declarations for editors
files["spec"] = { std = "max+busted" }
files["examples"] = { globals = { "PROJECT", "VERSION" } } -- LuatOS's tools read them
files["emulator/guest.lua"] = { globals = { "io", "os", "print", "loadfile", "dofile" } } -- makes the world
