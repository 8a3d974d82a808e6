variable "region" {
  type = string
  defualt = "eu"
}
