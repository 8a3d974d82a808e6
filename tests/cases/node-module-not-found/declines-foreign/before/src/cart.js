require('old-lib');
