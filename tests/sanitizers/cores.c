/* The cores of one compiled module, from the C that Cython makes of it, with names for the outside.
 *
 * Compiled once for each module, with the module's name defined. What modules do when they are
 * imported is done before main.
 */
#if defined(inflate)
#include "inflate.c"
struct inflater *core_take_decoder(void) { return __pyx_f_7idxfast_6native_7inflate_take_decoder(); }
void core_give_back(struct inflater *decoder) { __pyx_f_7idxfast_6native_7inflate_give_back(decoder); }
int core_decode_stream(struct inflater *decoder, const uint8_t *data, size_t size, uint8_t *out, size_t space,
                       size_t *consumed, size_t *produced) {
    return __pyx_f_7idxfast_6native_7inflate_decode_stream(decoder, data, size, out, space, consumed, produced);
}
#elif defined(members)
#include "members.c"
#include "libdeflate.h"
struct inflater *core_take_decoder(void);
void core_give_back(struct inflater *decoder);
int core_decode_stream(struct inflater *decoder, const uint8_t *data, size_t size, uint8_t *out, size_t space,
                       size_t *consumed, size_t *produced);
__attribute__((constructor)) static void import(void) {
    __pyx_f_7idxfast_6native_7inflate_take_decoder = core_take_decoder;
    __pyx_f_7idxfast_6native_7inflate_give_back = core_give_back;
    __pyx_f_7idxfast_6native_7inflate_decode_stream = core_decode_stream;
    __pyx_f_7idxfast_6native_7deflate_update_crc32 = libdeflate_crc32;
    libdeflate_crc32(0, "", 1);
}
Py_ssize_t core_decode_members(const uint8_t *data, Py_ssize_t *start, Py_ssize_t stop, uint8_t *out,
                               Py_ssize_t *position, Py_ssize_t space) {
    return __pyx_f_7idxfast_6native_7members_decode_all(data, start, stop, out, position, space);
}
#endif
