import lib from 'lib';

// @ts-expect-error the types of lib lack it
lib.start();
  /* @ts-expect-error gone soon */
lib.stop(); // @ts-expect-error and here
lib.stop();
