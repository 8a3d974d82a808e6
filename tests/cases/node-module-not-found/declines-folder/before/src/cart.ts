import 'components/button';
