locals {
  common_tags = {
    team = "mail"
  }
}

resource "null_resource" "queue" {
  triggers = {
    region = var.region
    tags   = jsonencode(local.common_tags)
  }
}

output "id" {
  value = null_resource.queue.id
}
