import { Button } from '../components/button.styles';
jest.mock('../components/button.styles');
