#!/bin/sh
# Makes the network of Shiva's containers on the engine of DOCKER_HOST: a bridge of a name that the firewall knows, neighbours apart.
exec docker network create --driver bridge \
  --opt com.docker.network.bridge.name=shiva0 \
  --opt com.docker.network.bridge.enable_icc=false \
  shiva
