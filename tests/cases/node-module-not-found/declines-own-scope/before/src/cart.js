require('@acme/money');
