/* Lamps.
 * Each is seperate.
 */
int lamps;
