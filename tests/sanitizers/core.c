/* A compiled core, from the C that Cython makes of its module, with a name for the outside.
 *
 * What the module does when it is imported is done before main.
 */
#include "inflate.c"
#include "libdeflate.h"

__attribute__((constructor)) static void import(void) {
    __pyx_f_7idxfast_6native_7deflate_update_crc32 = libdeflate_crc32;
    libdeflate_crc32(0, "", 1);
}

Py_ssize_t core_decode_members(const uint8_t *data, Py_ssize_t *start, Py_ssize_t stop, uint8_t *out,
                               Py_ssize_t *position, Py_ssize_t space) {
    return __pyx_f_7idxfast_6native_7inflate_decode_all(data, start, stop, out, position, space);
}
