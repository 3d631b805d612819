// libc asks WASI for files, clocks and arguments; a plugin has none of them. These answer ENOSYS, so that nothing of
// WASI is left to import.

#include <stdint.h>

#define ENOSYS 52
#define WASI(name) int32_t __imported_wasi_snapshot_preview1_##name

WASI(args_get)(int32_t a, int32_t b) { return ENOSYS; }
WASI(args_sizes_get)(int32_t a, int32_t b) { return ENOSYS; }
WASI(environ_get)(int32_t a, int32_t b) { return ENOSYS; }
WASI(environ_sizes_get)(int32_t a, int32_t b) { return ENOSYS; }
WASI(clock_res_get)(int32_t a, int32_t b) { return ENOSYS; }
WASI(clock_time_get)(int32_t a, int64_t b, int32_t c) { return ENOSYS; }
WASI(fd_close)(int32_t a) { return ENOSYS; }
WASI(fd_fdstat_get)(int32_t a, int32_t b) { return ENOSYS; }
WASI(fd_fdstat_set_flags)(int32_t a, int32_t b) { return ENOSYS; }
WASI(fd_filestat_get)(int32_t a, int32_t b) { return ENOSYS; }
WASI(fd_prestat_get)(int32_t a, int32_t b) { return ENOSYS; }
WASI(fd_prestat_dir_name)(int32_t a, int32_t b, int32_t c) { return ENOSYS; }
WASI(fd_read)(int32_t a, int32_t b, int32_t c, int32_t d) { return ENOSYS; }
WASI(fd_seek)(int32_t a, int64_t b, int32_t c, int32_t d) { return ENOSYS; }
WASI(fd_write)(int32_t a, int32_t b, int32_t c, int32_t d) { return ENOSYS; }
WASI(path_open)(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int64_t f, int64_t g, int32_t h, int32_t i) { return ENOSYS; }
WASI(poll_oneoff)(int32_t a, int32_t b, int32_t c, int32_t d) { return ENOSYS; }
WASI(random_get)(int32_t a, int32_t b) { return ENOSYS; }
WASI(sched_yield)(void) { return ENOSYS; }
_Noreturn void __imported_wasi_snapshot_preview1_proc_exit(int32_t code) { __builtin_trap(); }
