// prctl(2) takes variable arguments, which do not reach Swift.
#pragma once

#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>

/// Has the kernel kill this process when the thread that started it ends. It stays so over exec().
static inline int kt_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }
#endif
