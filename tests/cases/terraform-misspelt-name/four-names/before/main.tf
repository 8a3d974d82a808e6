locals {
  common_tags = {
    team = "mail"
  }
}

resource "null_resource" "queue" {
  triggers = {
    region = var.regoin
    tags   = jsonencode(local.comon_tags)
  }
}

output "id" {
  value = null_resource.qeue.id
}
