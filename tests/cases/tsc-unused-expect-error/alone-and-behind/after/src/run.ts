import lib from 'lib';

lib.start();
lib.stop();
lib.stop();
