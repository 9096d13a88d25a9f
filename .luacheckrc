std = "max"
max_line_length = 110
exclude_files = { "build*", "types" } -- types: declarations for editors
files["spec"] = { std = "max+busted" }
files["test/tls_small.lua"] = { std = "max+busted" }
files["examples"] = { globals = { "PROJECT", "VERSION" } } -- LuatOS's tools read them
-- Makes the world in which scripts run: changes and extends the standard library.
files["emulator"] = { globals = { "io", "os", "string", "table", "print", "loadfile", "dofile" } }
