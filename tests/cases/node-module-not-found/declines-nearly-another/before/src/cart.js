require('preact');
