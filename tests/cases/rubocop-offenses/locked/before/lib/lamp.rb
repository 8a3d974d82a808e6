def lamp(a)
end
