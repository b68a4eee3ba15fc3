/* ROUNDER: added to a small float and subtracted again, it leaves the nearest integer, of two the even one. */
#ifndef WRAPMAC_ROUNDING_H
#define WRAPMAC_ROUNDING_H

#define ROUNDER 12582912.0f /* 1.5 * 2^23 */

#endif
