--- LuatOS's `fs`, which has gone into `io`.
return { fsstat = io.fsstat, fsize = io.fileSize }
