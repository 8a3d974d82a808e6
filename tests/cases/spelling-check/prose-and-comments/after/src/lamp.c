/* Lamps.
 * Each is separate.
 */
int lamps;
